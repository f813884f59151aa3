"""Write, audit, publish: dbt builds a file aside, tests it, and a rename makes it the warehouse."""
