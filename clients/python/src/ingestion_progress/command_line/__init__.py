"""The command: runs any command and reports it as an ingestion. The same as ``npx @ingestion-progress/server run``."""
