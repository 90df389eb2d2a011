"""What is answered too often for Python: plain C, compiled when the package is built, called with NumPy's arrays.

There is always a way without it; `detak.kernel.library` says whether it is here.
"""
