"""What every request passes on its way in: who it is from, how often and how much, cookies and sign-ins."""
