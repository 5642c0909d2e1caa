/** `/notify [on|preview|off|test]`: without a word it says how it stands. */

import { notices } from "../state/notices.js";
import { CHOICES, push } from "../state/push.js";

const SAYS = {
  off: "this device is told nothing",
  on: "this device is told when a reply ends",
  preview: "this device is told when a reply ends, with its first words",
};

/** @param {string} argument */
export async function notify(argument) {
  const choice = CHOICES.find((name) => name === argument);
  if (argument === "test") {
    await push.test();
    notices.say("a notification is on its way");
    return;
  }
  if (argument && !choice) throw new Error(`notify is one of ${CHOICES.join(", ")} or test`);
  if (choice) await push.choose(choice);
  else await push.load();
  if (!choice && push.missing.value) notices.say(push.missing.value, "warn");
  else notices.say(SAYS[push.choice.value]);
}
