/** A reason as a sentence: those of the server begin small and have no full stop. */
export function sentence(text: string | undefined): string {
  if (!text) return '';
  const begun = text[0]!.toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
