"""Who may do what: genesis, actors, keys, roles and delegations, all recorded in the log.

``state`` holds the structs and the questions asked of them, ``genesis`` opens a ledger,
``actors`` registers actors, ``keys`` their keys, ``offices`` is the table of roles, ``scope`` says
where they count, ``roles`` gives and withdraws them, ``delegation`` lets another sign.
Source: mission table R53, R54, R92; decisions D1.1, D2.10 to D2.15; record format §4.
"""
