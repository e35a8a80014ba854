//! `hubcensus`: dated snapshots of the Hugging Face Hub's metadata in; typed,
//! checked, documented Parquet tables out.

#![warn(clippy::print_stdout, clippy::print_stderr)]

#[cfg(feature = "cloud")]
mod capture_progress;
mod cli;
mod console;
mod escape;
mod exit;
mod interrupt;
mod memory;
mod outcome_lines;
mod panics;
mod present;
mod progress;
mod verbs;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::console::Console;

fn main() -> ExitCode {
    memory::keep();
    let cli = Cli::parse();
    let console = Console::standard();
    progress::log_to_stderr(console, cli.global.verbose);
    let (global, console) = (&cli.global, &console);
    panics::log();
    let result = panics::caught(|| match &cli.command {
        Command::Run(args) => verbs::run::run(global, console, args),
        Command::Plan(args) => verbs::plan::plan(global, console, args),
        Command::Summary(args) => verbs::summary::summary(global, console, args),
        #[cfg(feature = "cloud")]
        Command::Capture(args) => verbs::capture::capture(global, console, args),
        Command::Check => verbs::check::check(global, console),
        Command::Test(args) => verbs::test::test(global, console, args),
        Command::Tables(args) => verbs::tables::tables(global, console, args),
        Command::Sources(args) => verbs::sources::sources(global, console, args),
        Command::Show(args) => verbs::show::show(global, console, args),
        Command::Query(args) => verbs::query::query(global, console, args),
        Command::Sample(args) => verbs::sample::sample(global, console, args),
        Command::Publish(args) => verbs::publish::publish(global, console, args),
        Command::Report(args) => verbs::report::report(global, console, args),
        Command::Verify => verbs::verify::verify(global, console),
    });
    exit::code(console, result)
}
