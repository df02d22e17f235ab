"""Boundary-aware fusion: networks that decide which frame is in focus in each pixel, and once more near the boundary.

`fusion.boundary_fusion` fuses. Its stages lie in `score`, `decide` and `fuse`; the networks, as their weights are
shipped, in `networks`, and how they were trained in `mattes`, `batches`, `learners` and `train`, which need PyTorch.
"""
