// A piece of a view that is built anew only when what it shows has changed; for `keyed`.

export const PART = { key: (part) => part.name, signature: (part) => part.mark, build: (part) => part.build() };

export function part(name, seen, build) {
  return { name, mark: JSON.stringify(seen), build };
}
