"""Reference functions that hidden `function` checks compare with. Never released to students."""

import numpy as np


def collapse(W1, b1, W2, b2):
    """One linear map for two in a row: W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2)."""
    return W2 @ W1, W2 @ b1 + b2


def dense_parameters(inputs, units):
    """A weight for every pair of input and unit, and a bias for every unit."""
    return inputs * units + units


def relu(z):
    return np.maximum(z, 0.0)


def sigmoid_slope(z):
    s = 1.0 / (1.0 + np.exp(-z))
    return s * (1.0 - s)
