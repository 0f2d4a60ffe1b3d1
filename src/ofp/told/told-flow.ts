import type { FlowSpec } from '../flow-spec.ts';
import { toldInstructions } from './told-instructions.ts';
import { withToldMatch } from './told-match.ts';

/**
 * A flow as Open vSwitch lists it over OpenFlow 1.3, whichever way it was said.
 * @throws WireError for a value that cannot be written
 */
export function toldFlow(flow: FlowSpec): FlowSpec {
  const told = withToldMatch(flow);
  if (told.instructions === undefined) return told;
  const ipProto = told.match?.ipProto;
  const protocol = typeof ipProto === 'number' ? ipProto : undefined;
  return { ...told, instructions: toldInstructions(told.instructions, protocol) };
}
