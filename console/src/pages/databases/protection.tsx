import { useApp } from '../../app/context';
import { rds } from '../../api/rds';
import { word } from '../../parts/command';
import { Confirm } from '../../parts/confirm';
import type { Instance } from './instance';

/** Turns deletion protection on or off. */
export function Protection({ instance: i, onClose }: { instance: Instance; onClose: (done: boolean) => void }) {
  const { region } = useApp();
  return (
    <Confirm
      title={i.protected ? `Take deletion protection off ${i.name}` : `Protect ${i.name} from deletion`}
      action={i.protected ? 'Take off' : 'Protect'}
      command={`aws rds modify-db-instance --db-instance-identifier ${word(i.name)} ${i.protected ? '--no-deletion-protection' : '--deletion-protection'} --region ${region}`}
      onDo={() => rds('ModifyDBInstance', { DBInstanceIdentifier: i.name, DeletionProtection: !i.protected })}
      onClose={onClose}
    >
      {i.protected ? `${i.name} can be deleted afterwards.` : `Nobody can delete ${i.name} until the protection is taken off.`}
    </Confirm>
  );
}
