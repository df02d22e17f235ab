"""Registration (in French, recalage): bringing the frames of a stack into one frame of reference.

The room is empty so far: everything in the first part of the book works on aligned frames.
"""
