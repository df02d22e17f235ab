"""How good a result is: scores without a truth, in dicts by name, and errors where the truth is known.

`METRICS` score ``(sources, fused)``, `NO_REFERENCE` score ``(fused)``, `EXPOSURE` score ``(sequence, fused)``. Pictures
come as everywhere, float in [0, 1] or integers, and are measured as 256 gray levels. `TRUTH` score ``(fused, truth)``,
in colour and unrounded.
"""

from fusion.metrics.activity import ag, ei, sd, sf
from fusion.metrics.contrast import q_cb, q_cv
from fusion.metrics.correlation import scd
from fusion.metrics.decision import DecisionError, decision_error
from fusion.metrics.depth import DepthError, Sparsification, depth_error, sparsification
from fusion.metrics.door import UndefinedScore
from fusion.metrics.exposure import mef_ssim
from fusion.metrics.fidelity import viff
from fusion.metrics.gradient import q_g, q_g_2003
from fusion.metrics.information import en, q_mi, q_ncie
from fusion.metrics.phase import q_p
from fusion.metrics.structure import q_c, q_e, q_w, q_y
from fusion.metrics.truth import psnr, ssim

METRICS = {
    "Q_MI": q_mi,
    "Q_NCIE": q_ncie,
    "Q_G": q_g,
    "Q_G_2003": q_g_2003,
    "Q_P": q_p,
    "Q_Y": q_y,
    "Q_C": q_c,
    "Q_W": q_w,
    "Q_E": q_e,
    "Q_CB": q_cb,
    "Q_CV": q_cv,
    "VIFF": viff,
    "SCD": scd,
}
NO_REFERENCE = {"SF": sf, "AG": ag, "SD": sd, "EN": en, "EI": ei}
EXPOSURE = {"MEF-SSIM": mef_ssim}
TRUTH = {"PSNR": psnr, "SSIM": ssim}
LOWER_IS_BETTER = {"Q_CV"}

__all__ = [
    "EXPOSURE",
    "LOWER_IS_BETTER",
    "METRICS",
    "NO_REFERENCE",
    "TRUTH",
    "DecisionError",
    "DepthError",
    "Sparsification",
    "UndefinedScore",
    "decision_error",
    "depth_error",
    "psnr",
    "sparsification",
    "ssim",
]
