"""The room in which photos become groups, groups become verdicts, and verdicts become a page or a file's stars."""
