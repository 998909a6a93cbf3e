"""The demonstration: real data imported under recorded delegations, and a short staged story.

It is labelled as a demonstration everywhere: in its genesis, its origin, its policy, its actors'
names, and so in every verdict and answer.
"""
