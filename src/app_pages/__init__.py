"""Streamlit's pages, each with its stylesheet."""
