"""Plan the computation: parameters, FLOPs, memory, time, money and energy, before buying or renting.

Importing this loads no torch; tracing a model does, when it happens.
"""
