"""Reviews of incidents of high severity and of rolled-back code: from records first."""
