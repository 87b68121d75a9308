"""Prefetch: a hint to the processor, in compiled code, to bring a place in memory near before it is read."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_READ, _NEAREST, _DATA = 0, 3, 1


def _prefetch(_: object, column: Any, row: Any) -> Any:  # noqa: ANN401  # Numba asks with its own types.
    def lay_down(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        kind, tools = signature.args[0], cast("Any", cgutils)
        array = context.make_array(kind)(context, builder, arguments[0])
        place = tools.get_item_pointer(context, builder, kind, array, [arguments[1]], wraparound=False)
        number = ir.IntType(32)
        call = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        hint = tools.get_or_insert_function(builder.module, call, "llvm.prefetch.p0")
        builder.call(hint, [place, *(ir.Constant(number, one) for one in (_READ, _NEAREST, _DATA))])
        return context.get_dummy_value()

    return types.void(column, row), lay_down


# For compiled code: bring `column[row]` near; the row must be one that the column has. It never waits, and changes nothing.
# To read ahead instead does nothing: the compiler leaves out what nobody uses.
prefetch = cast("Callable[[np.ndarray, int], None]", intrinsic(_prefetch))
