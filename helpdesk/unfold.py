"""How unfold shows the admin: pages that are no lists of rows, styles, and colours."""

# Dotted names are called with the request, so that each person gets his own.
LOOK = {
    "SITE_SYMBOL": "support_agent",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "tickets.admin.navigation.icon"}
    ],
    "SITE_VIEWS": [
        ("sla/report/", "sla_report", "sla.admin.reports.ReportView"),
        ("sla/report/breakdown/", "sla_report_breakdown", "sla.admin.breakdowns.BreakdownView"),
        ("sla/report/clocks/", "sla_report_clocks", "sla.admin.reports.ClocksBehindView"),
        ("sla/report/breaches/", "sla_report_breaches", "sla.admin.breaches.BreachesView"),
        ("sla/report/breaches/<int:clock>/", "sla_report_breach", "sla.admin.breaches.BreachView"),
        (
            "sla/report/export/<str:table>/<str:kind>/",
            "sla_report_export",
            "sla.admin.exports.ExportView",
        ),
        ("sla/ahead/", "sla_ahead", "sla.admin.ahead.AheadView"),
        ("sla/ahead/clocks/", "sla_ahead_clocks", "sla.admin.ahead.PromisesAheadView"),
        ("sla/wall/", "sla_wall", "sla.admin.wall.WallView"),
        ("sla/what-if/", "sla_what_if", "sla.admin.what_if.WhatIfView"),
        ("sla/what-if/clocks/", "sla_what_if_clocks", "sla.admin.what_if.WhatIfClocksView"),
        (
            "sla/report/customer/",
            "customer_report",
            "tickets.admin.customer_report.CustomerReportView",
        ),
        (
            "sla/report/customer/export/<str:table>/<str:kind>/",
            "customer_report_export",
            "tickets.admin.customer_report.CustomerExportView",
        ),
        (
            "export/columns/",
            "export_columns",
            "tickets.admin.export_columns.ExportColumnsView",
        ),
        ("sla/report/tickets/", "sla_report_tickets", "sla.admin.reports.TicketsBehindView"),
    ],
    "STYLES": [
        "tickets.admin.navigation.stylesheet",
        "tickets.admin.navigation.queue_stylesheet",
        "tickets.admin.navigation.bell_stylesheet",
    ],
    "SCRIPTS": ["tickets.admin.navigation.bell_script"],
    "ACCOUNT": {"navigation": "tickets.admin.navigation.account"},
    "SIDEBAR": {"navigation": "tickets.admin.navigation.navigation"},
    "DASHBOARD_CALLBACK": "tickets.admin.front_page.front_page",
    # The teal of the customers' pages (static/css/portal.css), lighter and darker.
    "COLORS": {
        "primary": {
            "50": "#eff7f8",
            "100": "#dbedef",
            "200": "#b9dbdf",
            "300": "#8cc2c8",
            "400": "#5fadb7",
            "500": "#3f97a2",
            "600": "#216a73",
            "700": "#1d5c63",
            "800": "#1b4b51",
            "900": "#183f44",
            "950": "#0b272b",
        },
    },
}
