"""Removal from the register: never in one step, never by one hand, on three tracks.

The light track, for partnerships without a role of the United Nations::

    offer of support ──────────────┐
    first notice ─ counts ─ P90D ─ final notice ─ counts ─ reply window, decision day
      ─ decision by two offices ─ appeal window ─ (appeal ─ lot ─ panel) ─ removal
    at any time: a late report stops everything until it is screened; accepted, it closes the case

On the full track a body decides in place of the offices, and first suspends: its entity and board
are heard, the suspension lasts a year, an accepted report lifts it, and only then the body decides
on the removal. On the integrity track a statement of grounds takes the place of both notices, an
interim measure may come at once, and a body decides after the reply.

``case`` holds what is known of a case, ``way`` the conditions that all steps share, ``roster`` who
may hear an appeal. ``reminder``, ``notice``, ``decision``, ``consultation``, ``ruling``,
``suspension``, ``integrity``, ``judges``, ``appeal`` and ``reinstatement`` hold the event types.
Every duration and number is a parameter of the guideline version in force at the first notice, or
of a later version where that is milder. Sources: mission table R11, R32, R42, R86, R91; domain
C4.3; decisions D2.13, D3.18 to D3.22, D3.27.
"""
