"""Faults in the elementary operations: products in few bits, activations and their derivatives."""

from planted import faults

PRODUCT = "return _arithmetic.get().product(a, b)"
BACK_A = "lambda ans, a, b: lambda g: _arithmetic.get().product(g, _turned(b)),"
BACK_B = "lambda ans, a, b: lambda g: _arithmetic.get().product(_turned(a), g),"
ROUNDED = "defvjp(rounded, lambda ans, value: lambda g: _arithmetic.get().rounded(g))"
HARD_SIGMOID = "return onp.clip(x + 3.0, 0.0, 6.0) / 6.0"
TANH = '"tanh": (onp.tanh, lambda x, y: 1.0 - y * y),'
SIGMOID = '"sigmoid": (expit, lambda x, y: y * (1.0 - y)),'
HARD_SLOPE = "((x > -3.0) & (x < 3.0)) / x.dtype.type(6.0)"
RELU = '"relu": (lambda x: onp.maximum(x, 0.0), lambda x, y: (x > 0.0).astype(x.dtype)),'
ELU = "lambda x: onp.where(x > 0.0, x, onp.expm1(onp.minimum(x, 0.0))),"
ELU_SLOPE = "lambda x, y: onp.where(x > 0.0, 1.0, y + 1.0),"
SOFTPLUS = '"softplus": (lambda x: onp.logaddexp(x, x.dtype.type(0.0)), lambda x, y: expit(x)),'
SOFTSIGN = '"softsign": (lambda x: x / (1.0 + onp.abs(x)), lambda x, y: 1.0 / (1.0 + onp.abs(x)) ** 2),'
LINEAR = '"linear": (lambda x: x, lambda x, y: onp.ones_like(x)),'
ACTIVATE = "return _arithmetic.get().activated(name, _ACTIVATIONS[name][0](x))"


def low(dtype: str) -> tuple[str, str]:
    return PRODUCT, PRODUCT.replace("a, b", f'coarse(a, "{dtype}"), coarse(b, "{dtype}")')


FAULTS = (
    *faults(
        "arithmetic",
        "precision",
        {
            "products in bfloat16": low("bfloat16"),
            "products in float16 or TF32": low("float16"),
            "products in float32 in a layer of float64": low("float32"),
            "products rounded to float16": (PRODUCT, 'return coarse(_arithmetic.get().product(a, b), "float16")'),
            "products of gradients for the inputs in bfloat16": (
                BACK_A,
                BACK_A.replace("(g,", '(coarse(g, "bfloat16"),'),
            ),
            "products of gradients for the weights in TF32": (
                BACK_B,
                BACK_B.replace(", g)", ', coarse(g, "float16"))'),
            ),
            "products of gradients for the weights in float32 in a layer of float64": (
                BACK_B,
                BACK_B.replace(", g)", ', coarse(g, "float32"))'),
            ),
            "activations in float16": (
                ACTIVATE,
                'return coarse(_arithmetic.get().activated(name, _ACTIVATIONS[name][0](x)), "float16")',
            ),
            "activations in float32 in a layer of float64": (
                ACTIVATE,
                'return coarse(_arithmetic.get().activated(name, _ACTIVATIONS[name][0](x)), "float32")',
            ),
            "gradients in float16 between operations": (
                ROUNDED,
                ROUNDED.replace("rounded(g)", 'rounded(coarse(g, "float16"))'),
            ),
            "products of many terms in bfloat16": (
                PRODUCT,
                'return _arithmetic.get().product(a, b if b.shape[-2] < 8 else coarse(b, "bfloat16"))',
            ),
        },
    ),
    *faults(
        "arithmetic",
        "activations",
        {
            "hard sigmoid is 0.2 x + 0.5": (HARD_SIGMOID, "return onp.clip(0.2 * x + 0.5, 0.0, 1.0).astype(x.dtype)"),
            "hard sigmoid has no bounds": (HARD_SIGMOID, "return (x + 3.0) / 6.0"),
            "hard sigmoid ends at 2.5": (
                HARD_SIGMOID,
                "return onp.where(onp.abs(x) > 2.5, x > 0, onp.clip(x + 3.0, 0.0, 6.0) / 6.0).astype(x.dtype)",
            ),
            "sigmoid is a hard sigmoid": (SIGMOID, SIGMOID.replace("(expit,", "(_hard_sigmoid,")),
            "sigmoid is a rational approximation": (
                SIGMOID,
                SIGMOID.replace("(expit,", "(lambda x: 0.5 + 0.5 * x / (1.0 + onp.abs(x)),"),
            ),
            "tanh is a rational approximation": (
                TANH,
                TANH.replace(
                    "(onp.tanh,",
                    "(lambda x: onp.clip(x * (135135 + x * x * (17325 + x * x * (378 + x * x))) "
                    "/ (135135 + x * x * (62370 + x * x * (3150 + 28 * x * x))), -1, 1),",
                ),
            ),
            "relu ends at six": (RELU, RELU.replace("onp.maximum(x, 0.0)", "onp.clip(x, 0.0, 6.0)")),
            "relu leaks": (RELU, RELU.replace("onp.maximum(x, 0.0)", "onp.maximum(x, 0.01 * x)")),
            "softsign is tanh": (SOFTSIGN, SOFTSIGN.replace("x / (1.0 + onp.abs(x)), lambda", "onp.tanh(x), lambda")),
            "elu has half its depth": (ELU, ELU.replace("onp.expm1", "0.5 * onp.expm1")),
            "softplus is relu": (
                SOFTPLUS,
                SOFTPLUS.replace("onp.logaddexp(x, x.dtype.type(0.0))", "onp.maximum(x, 0.0)"),
            ),
            "linear is doubled": (LINEAR, LINEAR.replace("lambda x: x,", "lambda x: 2.0 * x,")),
        },
    ),
    *faults(
        "arithmetic",
        "derivatives",
        {
            "of tanh: 1 - y": (TANH, TANH.replace("y * y", "y")),
            "of tanh: of the argument, not of the result": (TANH, TANH.replace("y * y", "x * x")),
            "of sigmoid: of the argument, not of the result": (
                SIGMOID,
                SIGMOID.replace("y * (1.0 - y)", "x * (1.0 - x)"),
            ),
            "of hard sigmoid: 0.2": (HARD_SLOPE, HARD_SLOPE.replace("x.dtype.type(6.0)", "x.dtype.type(5.0)")),
            "of hard sigmoid: beyond its bounds too": (HARD_SLOPE, "onp.ones_like(x) / x.dtype.type(6.0)"),
            "of relu: one everywhere": (RELU, RELU.replace("(x > 0.0)", "(x > -9e9)")),
            "of softsign: not squared": (SOFTSIGN, SOFTSIGN.replace(" ** 2", "")),
            "of elu: one everywhere": (ELU_SLOPE, "lambda x, y: onp.ones_like(x),"),
            "of softplus: that of relu": (SOFTPLUS, SOFTPLUS.replace("expit(x)", "(x > 0.0) * 1.0")),
            "of an elementwise result: a thousandth too small": (
                ROUNDED,
                ROUNDED.replace("rounded(g)", "rounded(g * g.dtype.type(0.999))"),
            ),
        },
    ),
)
