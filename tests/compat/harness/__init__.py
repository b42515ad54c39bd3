# The machinery of the black-box suite: namespaces, scripted servers, one delivery and its report.
# Nothing here knows what qmail-remote ought to say; that is in cases/.
