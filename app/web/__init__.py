"""The console: pages for people who look rather than type. It uses the use cases and adds no rule of its own."""
