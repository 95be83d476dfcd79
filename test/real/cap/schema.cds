namespace inventory;

entity Items {
  key ID        : String(60);
      name      : String(200) not null;
      country   : String(2);
      lat       : Decimal(9, 6);
      lng       : Decimal(9, 6);
      updatedAt : Timestamp;
}

@path: '/odata/v4/inventory'
service InventoryService {
  entity Items as projection on inventory.Items;
}
