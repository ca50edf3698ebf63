"""Examples that stand on both sides of a split: copies, near copies, and examples of one group.

Tiers, from certain to suspected: the same bytes, the same pixels, the same picture after a crop, a
mirror or another compression, the same text, nearly the same text, the same group.
"""
