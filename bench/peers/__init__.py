"""The models that graftage is raced against: the same definitions written plainly in PyTorch and PyTorch Geometric.

They share no code with graftage. Weights, batches and what an objective drew for them come from the worker's dump.
"""
