# `just` alone lists the recipes.
default:
    @just --list

# What CI does
ci:
    bash .ci/run

# Every test
test:
    cargo test

# Format, lints, documentation
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items

# Rewrite golden files after looking at the change
bless:
    UPDATE_EXPECT=1 cargo test

# The demo, in a browser
demo:
    cargo run --release -- demo

# Ten thousand faults while packages are handed over, and hundreds of turns of people and roles; takes its time
soak:
    SISIR_SOAK_FAULTS=10000 SISIR_SOAK_CASES=200 cargo test --test it -- soak:: two_person_machine:: --nocapture
