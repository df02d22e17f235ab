"""Boundary-aware fusion: networks that decide, pixel by pixel, which frame is in focus, and once more at the boundary.

`fusion.boundary_fusion` fuses. Its stages lie in `score`, `decide` and `fuse`; the networks, as their weights are shipped,
in `networks`, and how they were trained in `mattes`, `batches`, `learners` and `train`, which need PyTorch.
"""
