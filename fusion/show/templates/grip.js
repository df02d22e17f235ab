// Middle of one pointer or two, a map from their numbers to their places, and how far they are apart.
const gripOf = (pointers) => {
  const [first, second = first] = [...pointers.values()];
  const apart = Math.hypot(second.x - first.x, second.y - first.y);
  return { x: (first.x + second.x) / 2, y: (first.y + second.y) / 2, apart };
};
