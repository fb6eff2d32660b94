"""Google's sign-in for installed apps."""
