"""Labelled drawings as data sets: written in the formats that others read, and read from them."""
