"""The simulated gateway itself: its accounts, messages and commands. It knows neither SOAP nor HTTP."""
