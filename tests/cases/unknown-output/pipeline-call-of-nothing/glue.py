def log() -> None:
    print("done")
