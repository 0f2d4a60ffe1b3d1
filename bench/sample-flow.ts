import { type FlowModInit, output, setField } from 'galago/ofp';

/** The pod keys that the flows spread over. */
const PODS = 4096;
const FIRST_KEY = 0x10000;
const PRIORITY = 100;
const PORT = 1;

/** How the flow-mods are described to people. */
export const SAMPLE_FLOW = 'flow-mods (exact match on tunnel_id and eth_dst; set tunnel_id, output)';

/** The flow-mod that sends one endpoint of a pod its frames; each number below 2^32 has another one. */
export function sampleFlow(number: number): FlowModInit {
  const key = FIRST_KEY + (number % PODS);
  return {
    type: 'flowMod',
    command: 'add',
    priority: PRIORITY,
    match: { tunnelId: key, ethDst: macOf(number) },
    instructions: [{ type: 'applyActions', actions: [setField('tunnelId', key), output(PORT)] }],
  };
}

/** The same flow as `ovs-ofctl` reads it. */
export function sampleFlowText(number: number): string {
  const key = FIRST_KEY + (number % PODS);
  const match = `priority=${PRIORITY},tun_id=${key},dl_dst=${macOf(number)}`;
  return `${match},actions=set_field:${key}->tun_id,output:${PORT}\n`;
}

function macOf(number: number): string {
  const bytes = [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff);
  return `02:00:${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
}
