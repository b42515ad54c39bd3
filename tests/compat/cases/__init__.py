# One file per part of the contract.
# What they expect stands in the contract; none of them looks at the source.
