/** What the exit status of the command says. */
export const ExitCode = {
  /** It did what it was asked to, and was ended by a signal if it runs until then. */
  OK: 0,
  /** The command line, or a file that it names, cannot be used: nothing was begun. */
  USAGE: 1,
  /** It could not be carried out: an address is in use. */
  FAILED: 2,
} as const;

/** {@link ExitCode} for people. */
export const EXIT_CODE_HELP = `
Exit status:
  0  done, or ended by the first SIGINT or SIGTERM
  1  the command line, or a file that it names, cannot be used
  2  it could not be carried out: an address is in use, say
  128 and the signal's number: ended at once, by the second SIGINT or SIGTERM`;
