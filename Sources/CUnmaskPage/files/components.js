// Principal components, for colours.

/** At most so many passes; fewer where a pass changes nothing that could be seen. */
const passes = 1000;
const unseen = 1e-6;

/**
 * The shares of the first three principal components of rows, each from 0 (least) to 1 (most).
 * Rows' scores are eigenvectors of the rows' products with each other (Jolliffe, Principal Component Analysis, 2002, 3.5),
 * here by power iteration, each out of what the earlier ones leave: there are fewer patches than features.
 * @param values rows of `width` numbers, row-major
 * @returns {Float32Array} three numbers a row
 */
export function components(values, rows, width) {
  const products = productsOf(centred(values, rows, width), rows, width);
  const shares = new Float32Array(3 * rows);
  for (let component = 0; component < 3; component += 1) {
    const scores = principal(products, rows);
    const [least, most] = [Math.min(...scores), Math.max(...scores)];
    scores.forEach((score, row) => { shares[3 * row + component] = most > least ? (score - least) / (most - least) : 0.5; });
  }
  return shares;
}

function centred(values, rows, width) {
  const result = Float64Array.from(values);
  for (let column = 0; column < width; column += 1) {
    let sum = 0;
    for (let row = 0; row < rows; row += 1) sum += result[row * width + column];
    for (let row = 0; row < rows; row += 1) result[row * width + column] -= sum / rows;
  }
  return result;
}

/** Each row's product with each other. */
function productsOf(values, rows, width) {
  const products = new Float64Array(rows * rows);
  for (let a = 0; a < rows; a += 1) {
    for (let b = 0; b <= a; b += 1) {
      let sum = 0;
      for (let column = 0; column < width; column += 1) sum += values[a * width + column] * values[b * width + column];
      products[a * rows + b] = sum;
      products[b * rows + a] = sum;
    }
  }
  return products;
}

/** The first eigenvector of a symmetric matrix, which is taken out of it. */
function principal(matrix, rows) {
  // Any start that is not at right angles to it will do; this one is the same each time.
  let vector = Float64Array.from({ length: rows }, (_, row) => Math.sin(row + 1) / Math.sqrt(rows));
  let value = 0;
  for (let pass = 0; pass < passes; pass += 1) {
    const next = new Float64Array(rows);
    for (let a = 0; a < rows; a += 1) {
      let sum = 0;
      for (let b = 0; b < rows; b += 1) sum += matrix[a * rows + b] * vector[b];
      next[a] = sum;
    }
    value = Math.hypot(...next);
    if (value === 0) return vector;
    let change = 0;
    for (let row = 0; row < rows; row += 1) {
      next[row] /= value;
      change = Math.max(change, Math.abs(next[row] - vector[row]));
    }
    vector = next;
    if (change < unseen) break;
  }
  for (let a = 0; a < rows; a += 1) {
    for (let b = 0; b < rows; b += 1) matrix[a * rows + b] -= value * vector[a] * vector[b];
  }
  return vector;
}
