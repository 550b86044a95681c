"""The customers' pages: the form, the ticket behind a signed link, and the published policy."""
