/**
 * What is compared, packet by packet: a slice that every run has the time for, unless the environment says more, or
 * others.
 */
export const SLICE = {
  cases: Number(process.env.GALAGO_DIFFERENTIAL_CASES ?? 600),
  seed: Number(process.env.GALAGO_DIFFERENTIAL_SEED ?? 1),
  /** Of each switch that is made, with so many packets, through these ports. */
  flows: 40,
  packets: 25,
  ports: [1, 2, 3, 4],
} as const;
