"""What the page shows of the project that `cyberflow dev` serves: findings, chains, plans, ledgers, and starts of runs.
Reading is a function of the files as they are now; begin with `reader`. It is not the platform's API, which knows
no project.
"""
