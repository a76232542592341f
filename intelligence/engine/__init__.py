"""The mathematics of the analysis: plain numbers in, plain numbers out. No Django, no database, no clock."""
