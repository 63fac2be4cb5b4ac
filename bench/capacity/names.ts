/** What is measured, by the names that results have. */
import { nativeName } from '../traffic/defences.js';

export const ours = nativeName;

/** How frames come to the device: as its driver hands them over, or sent to it by a veth. */
export const scenarios = { driver: 'flood from the driver', veth: 'flood by a veth' } as const;
