"""The demo: real data shipped with the product and the code that fills programmes with it.

Owns the compact copy of the Online Retail II data set (`retail_data/`) and its reader. It never
holds rules of its own: programmes are filled through the apps' imports and actions.
"""
