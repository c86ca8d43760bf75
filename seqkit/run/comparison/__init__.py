"""A recipe against its rivals: trained job by job, tested in pairs, judged no more strongly than the figures allow."""
