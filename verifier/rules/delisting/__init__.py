"""Removal from the register, on the light track: never in one step, never by one hand.

The order of things, each a signed event in the partnership's own subject::

    offer of support ──────────────┐
    first notice ─ counts ─ P90D ─ final notice ─ counts ─ reply window, decision day
      ─ decision by two offices ─ appeal window ─ (appeal ─ panel) ─ removal
    at any time: a late report stops everything until it is screened; accepted, it closes the case

``case`` holds what is known of a case and the conditions that all steps share; ``support``,
``notice``, ``decision``, ``appeal`` and ``reinstatement`` hold the event types. Every duration and
number is a parameter of the guideline version in force at the first notice, or of a later version
where that is milder. Sources: mission table R11; domain C4.3; decisions D3.18 to D3.22, D3.27.
"""
