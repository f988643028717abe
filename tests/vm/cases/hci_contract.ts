// vm: VM_UP=0 VM_FAKE_ARGS='--fleet 50 --rate 200'
// on: amd64/6.1 amd64/6.12 arm64/6.1
import { listAdapters, openLinuxHciSocket, resetAdapter } from "../../../src/hci/mod.ts";
import { hciTransportContract } from "../../support/hci_contract.ts";
import { waitFor } from "../../support/wait_for.ts";
import { power, startController } from "../guest.ts";

// The contract opens two transports at a time; the user channel gives an adapter to one.
await startController("hci1", "--addr", "C0:FF:EE:00:00:02", "--fleet", "50", "--rate", "200");
await waitFor(() => listAdapters().every(({ address }) => address !== null), "adapters that the kernel has set up");

hciTransportContract("openLinuxHciSocket() on the user channel", async () => {
  const adapter = listAdapters().find(({ state }) => state === "down")?.name ?? "none is free";
  await resetAdapter(adapter); // so that the controller does not go on with a scan of the last test
  await power("down", adapter);
  return await openLinuxHciSocket({ adapter, channel: "user", powerUp: false });
});
