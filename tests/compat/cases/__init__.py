# One file per part of the contract.
# What they expect is in docs/contract.md; none of them looks at the source.
