"""What a new desk begins with, made at once: one by one, these migrations took four times as long.

It stands in for those of both applications. They refer to each other's tables, and only all of them
together can be left out: were there a replacement for each application, a desk in the middle of the
old ones could be taken to have the one half of the tables, and be without the other. To a desk that
has every one of them, this counts as applied; a desk that has a few goes on with the rest of them.
The latest of each application stays what it is, so that what comes next has something to follow.

The old ones and `replaces` may go as soon as no desk is left that has some of them and not all; the
first release to say so is the second, for each desk has been through the first then.
"""

from django.db import migrations

from sla.migrations import _squashed_clocks, _squashed_promises
from tickets.migrations import (
    _search_marks,
    _squashed_cache,
    _squashed_mail,
    _squashed_people,
    _squashed_schedule,
    _squashed_tickets,
    _squashed_work,
)
from tickets.migrations._create_together import CreateTogether


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("sla", "0001_initial"),
        ("sla", "0002_links_to_tickets"),
        ("sla", "0003_versions_and_recalculations"),
        ("sla", "0004_first_versions"),
        ("sla", "0005_clocks_name_their_version"),
        ("sla", "0006_clocks_that_never_count"),
        ("sla", "0007_saved_reports"),
        ("sla", "0008_breaches"),
        ("sla", "0009_permissions_for_breaches"),
        ("sla", "0010_clocks_by_deadline"),
        ("sla", "0011_reports_by_mail"),
        ("sla", "0012_breaches_are_a_page_to_save"),
        ("tickets", "0001_initial"),
        ("tickets", "0002_beat_schedule"),
        ("tickets", "0003_escalations"),
        ("tickets", "0004_recalculation_schedule"),
        ("tickets", "0005_mail"),
        ("tickets", "0006_mail_schedule"),
        ("tickets", "0007_permissions_of_groups"),
        ("tickets", "0008_portal"),
        ("tickets", "0009_cache"),
        ("tickets", "0010_permissions_for_the_portal"),
        ("tickets", "0011_messages_in_doubt"),
        ("tickets", "0012_holdings"),
        ("tickets", "0013_holdings_of_present_tickets"),
        ("tickets", "0014_assignment"),
        ("tickets", "0015_assignment_schedule"),
        ("tickets", "0016_permissions_for_availability"),
        ("tickets", "0017_tags_links_and_merging"),
        ("tickets", "0018_permissions_for_tags"),
        ("tickets", "0019_bulk_actions"),
        ("tickets", "0020_bulk_actions_schedule"),
        ("tickets", "0021_permissions_for_bulk_actions"),
        ("tickets", "0022_automation"),
        ("tickets", "0023_rules_schedule"),
        ("tickets", "0024_permissions_for_automation"),
        ("tickets", "0025_search"),
        ("tickets", "0026_search_marks"),
        ("tickets", "0027_search_schedule"),
        ("tickets", "0028_saved_views"),
        ("tickets", "0029_queue_indexes"),
        ("tickets", "0030_permissions_for_saved_views"),
        ("tickets", "0031_permission_to_see_every_ticket"),
        ("tickets", "0032_who_sees_every_ticket"),
        ("tickets", "0033_people_search"),
        ("tickets", "0034_bulk_actions_begin_once"),
        ("tickets", "0035_presence"),
        ("tickets", "0036_macro_event"),
        ("tickets", "0037_second_factor"),
        ("tickets", "0038_keyboard_shortcuts"),
        ("tickets", "0039_canned_replies"),
        ("tickets", "0040_permissions_for_canned_replies"),
        ("tickets", "0041_permissions_for_saved_reports"),
        ("tickets", "0042_notifications"),
        ("tickets", "0043_notifications_schedule"),
        ("tickets", "0044_customer_reports"),
        ("tickets", "0045_customer_reports_schedule"),
        ("tickets", "0046_turns"),
        ("tickets", "0047_turns_of_past_events"),
        ("tickets", "0048_imports"),
        ("tickets", "0049_imports_schedule"),
        ("tickets", "0050_permissions_for_imports"),
        ("tickets", "0051_counts_from_indexes"),
        ("tickets", "0052_rules_when_tagged"),
        ("tickets", "0053_parcels"),
        ("tickets", "0054_scheduled_reports_schedule"),
        ("tickets", "0055_permissions_for_reports_by_mail"),
        ("tickets", "0056_notices_in_the_bell"),
    ]
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [
        CreateTogether(
            sla=[*_squashed_promises.TABLES, *_squashed_clocks.TABLES],
            tickets=[
                *_squashed_people.TABLES,
                *_squashed_tickets.TABLES,
                *_squashed_mail.TABLES,
                *_squashed_work.TABLES,
            ],
        ),
        *_search_marks.OPERATIONS,
        # Presence is written all day, and worth nothing after a crash.
        migrations.RunSQL("ALTER TABLE tickets_presence SET UNLOGGED", migrations.RunSQL.noop),
        *_squashed_cache.OPERATIONS,
        *_squashed_schedule.OPERATIONS,
    ]
