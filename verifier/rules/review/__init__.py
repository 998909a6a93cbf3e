"""The review of a partnership by a panel.

``state`` holds what is known of a review, ``course`` its opening, findings, conditions and end,
``decision`` the panel's decision by quorum. A review that is decided with conditions closes when
each is settled; a missed one is a ground for the next review.
Sources: mission table R1, R19, R24, R43; domain C2.5, C3, C4.2; decisions D1.1, D2.11, D2.15.
"""
