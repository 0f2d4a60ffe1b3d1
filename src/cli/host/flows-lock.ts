/** Whoever has this lock of the host's database writes the flows of its bridges: an agent, or a command. */
export const FLOWS_LOCK = 'galago_flows';
