# One file per part of the contract.
